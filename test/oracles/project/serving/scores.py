"""A helper module of the serving script."""


def rounded(values) -> str:
    return "\n".join(f"{value:.6f}" for value in values)
