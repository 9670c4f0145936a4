"""Files and functions fit the reader: src/ files up to 600 lines, functions up to 45; hard limits 900 and 80."""
from _tree import Report, files, functions, text

report = Report("sizes")
for path in files("src", "tests", "fuzz"):
    report.look()
    source = text(path)
    n = source.count("\n")
    is_table_or_kernel = "/kern_" in path or "table" in path or "roots" in path
    if n > 900 and not is_table_or_kernel:
        report.fail(path, f"{n} lines; split it")
    elif n > 600 and not is_table_or_kernel:
        report.warn(path, f"{n} lines")
    for name, line, length in functions(source):
        if length > 80 and not is_table_or_kernel:
            report.fail(f"{path}:{line}", f"{name}() has {length} lines")
        elif length > 45:
            report.warn(f"{path}:{line}", f"{name}() has {length} lines")
    for i, row in enumerate(source.split("\n"), 1):
        if len(row) > 100 and not is_table_or_kernel:
            report.warn(f"{path}:{i}", f"{len(row)} columns")
report.end()
