import Failure
import LinuxSystem
import Testing

@Suite struct FailureKindTests {
    @Test(
        "What helps against the system's failures",
        arguments: [
            (Errno.tryAgain, .transient), (.noBuffers, .transient), (.busy, .transient), (.timedOut, .transient),
            (.connectionRefused, .transient), (.noSpace, .transient), (.noDevice, .stale), (.noSuchInterface, .stale),
            (.noEntry, .stale), (.exists, .stale), (.notPermitted, .permanent), (.access, .permanent),
            (.invalid, .permanent), (.notSupported, .permanent), (.readOnly, .permanent), (Errno(4095), .permanent),
        ] as [(Errno, FailureKind)])
    func errnos(_ errno: Errno, _ kind: FailureKind) {
        #expect(errno.kind == kind)
        #expect(SystemError(errno, "do", "it").kind == kind)
    }
}
