import OVSDB
import Testing

struct ProbeTests {
    private func test() -> SessionUnderTest {
        SessionUnderTest(OVSDBSession.Settings(probeInterval: .seconds(5), server: "tcp:x:6640"))
    }

    @Test func `a silent server is asked once and then given up`() {
        var test = test()
        var (actions, next) = test.session.tick(at: test.start + .seconds(4))
        #expect(actions.isEmpty && next == test.start + .seconds(5))
        (test.actions, next) = test.session.tick(at: test.start + .seconds(5))
        #expect(test.sent == [#"{"id":"probe","method":"echo","params":[]}"#])
        #expect(next == test.start + .seconds(10))
        (actions, next) = test.session.tick(at: test.start + .seconds(9))
        #expect(actions.isEmpty)
        (test.actions, next) = test.session.tick(at: test.start + .seconds(10))
        #expect(test.disconnection?.code == .connection(errno: nil) && next == nil)
    }

    @Test func `any byte is a sign of life`() {
        var test = test()
        test.actions = test.session.tick(at: test.start + .seconds(5)).actions
        _ = test.session.receive(Array(#"{"id":"probe","#.utf8), at: test.start + .seconds(7))
        test.actions = test.session.receive(Array(#""result":[],"error":null}"#.utf8), at: test.start + .seconds(8))
        #expect(test.disconnection == nil)
        let (actions, next) = test.session.tick(at: test.start + .seconds(10))
        #expect(actions.isEmpty && next == test.start + .seconds(13))
    }

    @Test func `a UNIX socket isn't probed`() {
        var test = SessionUnderTest()
        let (actions, next) = test.session.tick(at: test.start + .seconds(1000))
        #expect(actions.isEmpty && next == nil)
    }
}
