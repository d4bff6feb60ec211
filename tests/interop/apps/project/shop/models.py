from project.registry import model


@model
class Order:
    def __init__(self, who):
        self.who = who


@model
class Invoice:
    pass
