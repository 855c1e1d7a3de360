def write_images(folder):
    pass
