"""Do rounds between sites end as they should?"""
