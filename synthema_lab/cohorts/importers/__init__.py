"""How does what a hospital already has become a table in the dictionary's columns?"""
