"""Published models behind `FilmModel`. In: a diffusers folder or hub id. Out: a model every edit works on."""
