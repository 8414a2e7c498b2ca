// CaptureFileTests
