"""The Videos API. In: HTTP requests. Out: durable jobs, and the films that workers make of them."""
