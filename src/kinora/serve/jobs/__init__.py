"""Durable jobs. In: rows of `videos`. Out: films, whatever process dies on the way."""
