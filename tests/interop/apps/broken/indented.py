def function():
return "never"
