"""Does a known fault of secure aggregation open a site's vector, and does it stay out of ours?"""
