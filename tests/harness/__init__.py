"""What the tests stand on: isolated surroundings, and a watch that fails a test which makes noise or leaks.

``conftest.py`` wires these modules into pytest; ``test_harness.py`` shows that each watch bites.
"""
