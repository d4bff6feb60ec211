-- How the Lua of the transitions is checked (tests/tools/lint.sh): each script as it is sent, its parts in it.
std = 'lua51'
read_globals = {'redis', 'cjson', 'cmsgpack', 'bit', 'struct', 'KEYS', 'ARGV'}
max_line_length = false -- lint_code.py width looks at the files themselves
ignore = {
    '211', -- a script takes each argument and each part whole, and may not need all of it
    '43.', -- the parameters of a part may be called as the script's own variables
}
