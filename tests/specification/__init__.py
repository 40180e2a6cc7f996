"""Holds interfaces, branch trees and tests together: see tests/README.md."""
