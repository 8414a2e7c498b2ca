import OVSDB
import Testing

/// What `_Server` says decides whether a server will do.
struct ClusterTests {
    private func session(_ row: String, leaderOnly: Bool = true) -> SessionUnderTest {
        var test = SessionUnderTest(OVSDBSession.Settings(looksAtCluster: true, leaderOnly: leaderOnly))
        #expect(!test.session.isReady)
        test.hear(
            #"{"id":2,"result":{"Database":{"\#(Transcript.row)":{"new":{"name":"Open_vSwitch",\#(row)}}}},"error":null}"#
        )
        return test
    }

    @Test(arguments: [
        #""model":"standalone","connected":true,"leader":true"#, #""model":"clustered","connected":true,"leader":true"#,
        #""model":"relay","connected":true,"leader":false"#,
    ])
    func `servers that will do`(row: String) { #expect(session(row).session.isReady) }

    @Test(arguments: [
        #""model":"clustered","connected":true,"leader":false"#,
        #""model":"clustered","connected":false,"leader":true"#,
        #""model":"relay","connected":false,"leader":false"#,
    ])
    func `servers that won't`(row: String) { #expect(session(row).disconnection?.code == .connection(errno: nil)) }

    @Test func `a follower will do if that is wanted`() {
        #expect(session(#""model":"clustered","connected":true,"leader":false"#, leaderOnly: false).session.isReady)
    }

    @Test func `a server without the database _Server is no cluster`() {
        var test = SessionUnderTest(OVSDBSession.Settings(looksAtCluster: true))
        test.hear(Transcript.unknownDatabase)
        #expect(test.session.isReady)
    }

    @Test func `a leader that is one no more is left`() {
        var test = session(#""model":"clustered","connected":true,"leader":true"#)
        test.hear(
            #"{"id":null,"method":"update","params":["_Server",{"Database":{"\#(Transcript.row)":{"old":{"leader":true},"new":{"name":"Open_vSwitch","model":"clustered","connected":true,"leader":false}}}}]}"#
        )
        #expect(test.disconnection?.details.contains("isn't the leader") == true)
    }
}
