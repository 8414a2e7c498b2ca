import OVSDB
import OVSDBTransport
import Testing

struct TargetTests {
    @Test(arguments: [
        ("unix:/run/openvswitch/db.sock", "unix:/run/openvswitch/db.sock"), ("tcp:10.0.0.1", "tcp:10.0.0.1:6640"),
        ("tcp:10.0.0.1:6641", "tcp:10.0.0.1:6641"), ("ssl:[::1]:6640", "ssl:[::1]:6640"),
        ("tcp:[fe80::1]", "tcp:[fe80::1]:6640"),
        ("ssl:a.example,ssl:b.example:7, tcp:c", "ssl:a.example:6640,ssl:b.example:7,tcp:c:6640"),
        ("unix:a:b", "unix:a:b"),
    ])
    func `targets are read`(text: String, canonical: String) throws {
        #expect(try OVSDBTarget(parsing: text).description == canonical)
    }

    @Test func `the file of a UNIX socket can be asked for`() throws {
        #expect(try OVSDBTarget(parsing: "unix:/x").unixPath == "/x")
        #expect(try OVSDBTarget(parsing: "unix:/x,unix:/y").unixPath == nil)
        #expect(try OVSDBTarget(parsing: "tcp:x").unixPath == nil)
    }

    @Test func `a file without a slash in front is in the directory of the switch's sockets`() throws {
        #expect(try OVSDBTarget(parsing: "unix:db.sock", in: "/run/ovs").unixPath == "/run/ovs/db.sock")
        #expect(try OVSDBTarget(parsing: "unix:/x", in: "/run/ovs").unixPath == "/x")
        #expect(try OVSDBTarget(parsing: "unix:db.sock").unixPath == "db.sock")
        let long = "/" + String(repeating: "x", count: 100)
        #expect(throws: OVSDBError.self) { try OVSDBTarget(parsing: "unix:db.sock", in: long) }
    }

    @Test(arguments: [
        ("", "has no method"), ("/run/db.sock", "has no method"), ("unix:", "wants the socket's file"),
        ("ptcp:6640", "makes a server listen"), ("punix:/x", "connects with unix:"), ("pssl:1", "connects with ssl:"),
        ("http://x", "isn't known; say unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT"), ("tcp:", "host is missing"),
        ("tcp:x:0", "no port"), ("tcp:x:65536", "no port"),
        ("tcp:x:", "no port"), ("tcp:::1", "brackets"), ("tcp:[::1", "isn't closed"), ("tcp:[::1]x", "no port"),
        ("tcp:a,,tcp:b", "has no method"), ("unix:/" + String(repeating: "x", count: 107), "107 bytes at most"),
    ])
    func `what is wrong with a target is said`(text: String, reason: String) throws {
        let error = try #require(throws: OVSDBError.self) { try OVSDBTarget(parsing: text) }
        #expect(error.description.contains(reason))
    }
}
