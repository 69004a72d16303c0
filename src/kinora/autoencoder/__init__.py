"""The video compression network. In: pixels `[b t 3 h w]`. Out: latents `[b f c h/16 w/16]`, and back."""
