APPS = ["project.shop"]
DEBUG = False
NAME = "production"
