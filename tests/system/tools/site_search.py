# SPDX-License-Identifier: Apache-2.0
"""site_search.py SITE: checks that the search of the documentation's site finds pages, served locally from a folder."""
import functools
import http.server
import sys
import threading

import browser


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
with browser.Browser() as page:
    page.go("http://127.0.0.1:%d/index.html" % server.server_port)
    page.until("!!document.querySelector('.md-search__input')")
    page.click(".md-search__input")
    page.type("mahimahi")
    page.until("document.querySelector('.md-search-result__item')")
    page.until("[...document.querySelectorAll('.md-search-result__link')].some(a => a.href.includes('traces.html'))")
    if page.faults:
        sys.exit("FAILED: %s" % page.faults)
