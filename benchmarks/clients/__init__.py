"""One client a module, each a script that does one piece of work and prints one JSON line (see `meter.Meter`).

python -m benchmarks.clients.use_b24orm models http://127.0.0.1:8024/rest/1/code/ <<< '{"ids": [1, 2]}'
"""
