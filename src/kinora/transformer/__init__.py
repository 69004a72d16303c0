"""The network that dreams. In: noisy latent frames, their levels and places, text. Out: velocities."""
