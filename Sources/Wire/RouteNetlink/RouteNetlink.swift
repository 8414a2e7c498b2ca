// RouteNetlink
