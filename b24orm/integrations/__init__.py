"""What b24orm does for other packages, one module each: web frameworks that receive the portal's events.

Called by programs, which import the module they need; calls everything below. No package that b24orm does without is
imported anywhere else, and nothing is here that such a package is not needed for.
"""
