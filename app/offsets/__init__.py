"""offsets: dues, and the units that close them.

One flow for every purpose: due → order → payment → settlement → certificate. A due is opened in
grams, an order reserves forest units, a verified payment makes it wait for settlement, and one
set-based settlement retires the units, allots the money and issues the certificates.
"""
