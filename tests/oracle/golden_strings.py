def nasty_strings():
    return []
