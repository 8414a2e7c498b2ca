import Testing

@testable import LinuxSystem

@Suite struct NamespaceIdentityTests {
    @Test("A kernel that knows no cookie, leaves the namespace's inode")
    func withoutCookie() throws {
        let inode = try NetworkNamespace.current().identity(cookie: nil)
        #expect(inode != 0)
        #expect(try NetworkNamespace.current().identity(cookie: 7) == 7)
        let other = try OwnThread.run {
            try NetworkNamespace.makeOwn()
            return try NetworkNamespace.current().identity(cookie: nil)
        }
        #expect(other != inode)
    }

    @Test("A namespace of its own isn't the first, nor the process's; a path leads it where it leads the process")
    func own() throws {
        let id = ThisProcess.id
        let found = try OwnThread.run {
            try NetworkNamespace.makeOwn()
            return (
                isInitial: NetworkNamespace.isInitial, isShared: NetworkNamespace.isShared(withProcess: id),
                identity: try NetworkNamespace.current().identity()
            )
        }
        #expect(!found.isInitial && found.isShared == false)
        #expect(try NetworkNamespace.current().identity() != found.identity)
        #expect(NetworkNamespace.isShared(withProcess: id) == true)
        #expect(NetworkNamespace.isPathShared(withProcess: id, "/etc/there/is/no/such") == true)
        // A process that isn't there, or isn't seen, lacks no path.
        #expect(NetworkNamespace.isPathShared(withProcess: 0, "/etc") == nil)
        #expect(NetworkNamespace.isShared(withProcess: 0) == nil)
    }
}
