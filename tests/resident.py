#!/usr/bin/env python3
"""resident.py MEGABYTES COMMAND...: runs a command and fails where it needed more memory than that."""

import resource
import subprocess
import sys

most = int(sys.argv[1])
code = subprocess.run(sys.argv[2:], check=False).returncode
# ru_maxrss is in kibibytes (getrusage(2)).
needed = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{needed:.1f} MB of memory at most")
sys.exit(code or needed > most)
