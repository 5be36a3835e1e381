"""Kinds of columns: what the cells of one are, whatever is made of them."""

NUMBERS, TRUTHS, DATES, WORDS = "numbers", "truths", "dates", "words"
LISTS = "lists"
OTHER = "other"  # records, durations, bytes that are no text: no reader turns them into one of the four
