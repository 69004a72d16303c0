"""The studio. In: films, clips, an edit's frozen values. Out: films; and the timeline document with its history."""
