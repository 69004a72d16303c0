# The server and its workers. The default torch of Linux brings CUDA along, several GB of it; where there
# is no GPU, name a CPU build of torch (a wheel in this folder or its address): --build-arg TORCH=./torch.whl
FROM python:3.12-slim

ARG TORCH=torch

RUN useradd --create-home --uid 10001 kinora
WORKDIR /opt/kinora
COPY pyproject.toml README.md LICENSE NOTICE constraints.txt ./
COPY src ./src
RUN pip install --no-cache-dir -c constraints.txt "${TORCH}" '.[serve]'

RUN mkdir /var/lib/kinora && chown kinora /var/lib/kinora
USER kinora
ENV KINORA_DATA=/var/lib/kinora
VOLUME /var/lib/kinora
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/kinora/v1/health')"]
# Listening to others needs a key: give KINORA_KEY.
CMD ["kinora", "serve", "--host", "0.0.0.0"]
