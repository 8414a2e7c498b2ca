// MirrorModelTests
