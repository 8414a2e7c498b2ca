import Glibc
import Testing

@testable import LinuxSystem

@Suite("Locks, and news of directories") struct LockTests {
    @Test("A lock that isn't given back is waited for so long, and the file is its owner's alone")
    func heldLock() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/lock"
        let held = try FileLock(path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(FileLock.holder(of: path) == ThisProcess.id)
        var waits = 0
        let begin = ThisProcess.monotonicNanoseconds()
        do {
            _ = try FileLock(path, atMost: 200) { waits += 1 }
            Issue.record("two have the lock")
        } catch {
            #expect(error.errno == .timedOut)
        }
        let taken = ThisProcess.monotonicNanoseconds() - begin
        #expect(waits == 1 && taken >= 200_000_000 && taken < 5_000_000_000)
        withExtendedLifetime(held) {}
    }

    @Test("A lock is given back though a child still has the descriptor, as between fork(2) and execve(2)")
    func inheritedLock() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/lock"
        var copy: Int32 = -1
        do {
            let held = try FileLock(path)
            var name = [CChar](repeating: 0, count: 4096)
            for number in Int32(3)..<1024 {
                let count = readlink("/proc/self/fd/\(number)", &name, name.count)
                if count > 0, String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) == path
                {
                    copy = dup(number)
                    break
                }
            }
            withExtendedLifetime(held) {}
        }
        try #require(copy >= 0)
        defer { close(copy) }
        _ = try FileLock(path, atMost: 50)
    }

    @Test("It is news of a directory that the one above it is moved away") func movedAway() throws {
        let directory = try TemporaryDirectory()
        let above = "\(directory.path)/above"
        try Files.makeDirectory(above)
        try Files.makeDirectory("\(above)/watched")
        let watch = try DirectoryWatch(["\(above)/watched"])
        #expect(rename(above, "\(directory.path)/elsewhere") == 0)
        var entry = pollfd(fd: watch.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 0) == 1)
    }

    @Test("Who holds a lock is told by the file's inode and its device") func lockHolder() {
        let locks = """
            1: POSIX  ADVISORY  WRITE 1 08:01:131 0 EOF
            2: FLOCK  ADVISORY  WRITE 2 00:1f:131 0 EOF
            3: FLOCK  ADVISORY  WRITE 3 103:100002:131 0 EOF
            3: -> FLOCK  ADVISORY  WRITE 5 08:01:131 0 EOF
            4: FLOCK  ADVISORY  WRITE 4 08:01:131 0 EOF
            """
        #expect(FileLock.holder(device: 0x801, inode: 131, in: locks) == 4)
        #expect(FileLock.holder(device: 0x1f, inode: 131, in: locks) == 2)
        #expect(FileLock.holder(device: 0x1_0302, inode: 131, in: locks) == nil)
        #expect(FileLock.holder(device: 0x1_0001_0302, inode: 131, in: locks) == 3)
        #expect(FileLock.holder(device: 0x801, inode: 132, in: locks) == nil)
    }

    @Test("A lock's file that is a link to another is refused")
    func linkedLock() throws {
        let directory = try TemporaryDirectory()
        try Files.write([1], to: "\(directory.path)/precious")
        #expect(symlink("\(directory.path)/precious", "\(directory.path)/lock") == 0)
        #expect(throws: SystemError.self) { _ = try FileLock("\(directory.path)/lock", atMost: 10) }
        var status = stat()
        #expect(stat("\(directory.path)/precious", &status) == 0 && status.st_mode & 0o777 == 0o644)
    }
}
