"""The studio. In: films, clips, an edit. Out: films; and the timeline document with its history."""
