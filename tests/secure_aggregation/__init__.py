"""Does the secure sum keep its promise?"""
