// RouteNetlinkTests
