// MirrorConfigTests
