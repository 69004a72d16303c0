"""The re-captioner: a clip in, the facts it shows out, and words for them."""
