# The server and its workers. Build for CPU by default, for NVIDIA with --build-arg TORCH=cu128.
FROM python:3.12-slim

ARG TORCH=cpu

RUN useradd --create-home --uid 10001 kinora
WORKDIR /opt/kinora
COPY pyproject.toml README.md LICENSE NOTICE constraints.txt ./
COPY src ./src
RUN pip install --no-cache-dir --extra-index-url "https://download.pytorch.org/whl/${TORCH}" \
      -c constraints.txt '.[serve]'

USER kinora
ENV KINORA_DATA=/home/kinora/data
RUN mkdir /home/kinora/data
VOLUME /home/kinora/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/kinora/v1/health')"]
# Listening to others needs a key: give KINORA_KEY.
CMD ["kinora", "serve", "--host", "0.0.0.0"]
