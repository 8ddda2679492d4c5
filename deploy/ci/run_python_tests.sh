#!/usr/bin/env bash
# Runs the Python tests of this directory.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
exec python3 -B -m unittest -v ./*_test.py
