"""Which feature types bring options of their own: name -> "module:Dataclass", resolved when it is asked for."""

OPTIONS: dict[str, str] = {
    "number": "training.features.options:NumberOptions",
    "category": "training.features.options:CategoryOptions",
}
