import OVSDB
import Testing

/// What becomes of the replica when the connection is lost and made anew (ovsdb-server(7), section 4.1.15).
struct ResumptionTests {
    private let place = "b7a1c9c6-3f5e-4a3b-8d0e-2d7d6f1f0a11"

    /// A session that has a row and a place in history, and lost its connection.
    private func interrupted() -> SessionUnderTest {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(
            #"{"id":2,"result":[false,"\#(place)",{"Open_vSwitch":{"\#(Transcript.row)":{"initial":{"cur_cfg":5}}}}]}"#)
        _ = test.session.disconnected(OVSDBError(.connection(errno: nil), operation: "", object: ""))
        return test
    }

    @Test func `without a connection the replica stays`() { #expect(interrupted().root?["cur_cfg"] == Datum(5)) }

    @Test func `a server that knows the place tells what happened since`() {
        var test = interrupted()
        test.actions = test.session.connected(at: test.start)
        test.hear(Transcript.schema.replacing("\"id\":1", with: "\"id\":3"))
        #expect(test.sent.first?.contains(#""method":"monitor_cond_since""#) == true)
        #expect(test.sent.first?.hasSuffix(#","\#(place)"]}"#) == true)
        test.hear(#"{"id":4,"result":[true,"x",{"Open_vSwitch":{"\#(Transcript.row)":{"modify":{"cur_cfg":6}}}}]}"#)
        #expect(test.root?["cur_cfg"] == Datum(6))
        // Updates go by the new monitor's name.
        test.hear(Transcript.modify.replacing("[1,", with: "[2,"))
        #expect(test.root?["cur_cfg"] == Datum(1) && test.disconnection == nil)
    }

    @Test func `a server that doesn't know the place tells everything`() {
        var test = interrupted()
        test.actions = test.session.connected(at: test.start)
        test.hear(Transcript.schema.replacing("\"id\":1", with: "\"id\":3"))
        let other = RowID.random()
        test.hear(#"{"id":4,"result":[false,"x",{"Open_vSwitch":{"\#(other)":{"initial":{"cur_cfg":9}}}}]}"#)
        #expect(test.root == nil)
        #expect(test.session.replica.row(other, of: "Open_vSwitch")?["cur_cfg"] == Datum(9))
    }

    @Test func `another schema means a new snapshot`() {
        var test = interrupted()
        test.actions = test.session.connected(at: test.start)
        test.hear(Transcript.schema.replacing("\"id\":1", with: "\"id\":3").replacing("8.3.1", with: "8.4.0"))
        #expect(test.sent.first?.hasSuffix(#","00000000-0000-0000-0000-000000000000"]}"#) == true)
        #expect(test.root?["cur_cfg"] == Datum(5))
    }

    @Test func `after an update that can't be, the next connection begins with a snapshot`() {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(#"{"id":2,"result":[false,"\#(place)",{}]}"#)
        test.hear(Transcript.modify)
        #expect(test.disconnection?.code == .protocolViolation)
        _ = test.session.disconnected(OVSDBError(.protocolViolation, operation: "", object: ""))
        test.actions = test.session.connected(at: test.start)
        test.hear(Transcript.schema.replacing("\"id\":1", with: "\"id\":3"))
        #expect(test.sent.first?.contains(place) == false)
    }

    @Test func `a server that goes on where nobody was is wrong`() {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(#"{"id":2,"result":[true,"x",{}]}"#)
        #expect(test.disconnection?.code == .protocolViolation)
    }
}
