"""Routes. In: a request of one owner. Out: rows read and written; nothing is made here."""
