"""Prints the options whose default in the help differs from that in the manual page: PAGE COMMAND..."""

import re
import subprocess
import sys


def plain(text):
    """Returns the text of a page's source without markup."""
    lines = [re.sub(r'^\.(BI|BR|RB|IR|RI|B|I)\s+|"', "", line) for line in text.split("\n")]
    words = re.sub(r"\\f.", "", " ".join(line for line in lines if not line.startswith(".")))
    return re.sub(r"\s+", " ", words.replace("\\-", "-")).strip()


def documented(page, command):
    """Returns {option: its text} of a command's section."""
    for section in re.split(r"(?m)^\.SS ", page)[1:]:
        title, body = section.split("\n", 1)
        if not re.search(rf"\brogctl {command}\b", plain(title)):
            continue
        items = re.split(r"(?m)^\.TP\n", re.split(r"(?m)^\.SH", body)[0])[1:]
        pairs = [item.split("\n", 1) for item in items]
        return {name: plain(text) for head, text in pairs for name in re.findall("--[a-z-]+", plain(head))}
    return {}


def defaults(command):
    """Returns {option: default} from the command's help."""
    text = subprocess.run(["rogctl", "help", *command.split()], stdout=subprocess.PIPE, text=True, check=True).stdout
    options = re.search(r"(?ms)^Options:\n(.*?)(\n\n|\Z)", text)
    found = {}
    for item in re.split(r"(?m)^ {2}(?:-., | {4})(?=--)", options[1] if options else "")[1:]:
        default = re.search(r"; default ([^ ;,]+)$", " ".join(item.split()))
        if default:
            found[item.split()[0]] = default[1]
    return found


source = open(sys.argv[1], encoding="utf-8").read()
seen = 0
for name in sys.argv[2:]:
    texts = documented(source, name)
    for option, default in defaults(name).items():
        seen += 1
        if not re.search(rf"default:? {re.escape(default)}\b|{re.escape(default)} \(the default\)", texts.get(option, "")):
            print(f"man page: {name} {option}: the default is {default}, its text says: {texts.get(option)}")
sys.exit(0 if seen > 10 else "no defaults found in the help")
