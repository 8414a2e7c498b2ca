import Glibc
import LinuxSystem
import Testing

@Suite("Users and groups")
struct UserTests {
    @Test("Names and numbers are found")
    func found() throws {
        let root = try Identity(userName: "root", groupName: nil)
        #expect(root.user == 0 && root.group == 0 && root.groups.contains(0))
        let same = try Identity(userName: "0", groupName: nil)
        #expect(same.user == 0 && same.group == 0)
        let nobody = try Identity(userName: "nobody", groupName: "root")
        #expect(nobody.user == 65534 && nobody.group == 0 && nobody.groups.contains(0))
    }

    @Test("Without names it is this process's user")
    func own() throws {
        let identity = try Identity(userName: nil, groupName: nil)
        #expect(identity.user == geteuid() && identity.group == getegid())
    }

    @Test("What doesn't exist is an error that names it")
    func unknown() {
        #expect(throws: AccountError.unknownUser("nosuchuser")) {
            _ = try Identity(userName: "nosuchuser", groupName: nil)
        }
        #expect(throws: AccountError.unknownGroup("nosuchgroup")) {
            _ = try Identity(userName: nil, groupName: "nosuchgroup")
        }
        #expect(AccountError.unknownUser("x").description == "there is no user x")
    }

    @Test("A number without an account is a user, but has no group")
    func number() throws {
        #expect(throws: AccountError.noGroup("3999999999")) { _ = try Identity(userName: "3999999999", groupName: nil) }
        let identity = try Identity(userName: "3999999999", groupName: "3999999998")
        #expect(identity.user == 3_999_999_999 && identity.groups == [3_999_999_998])
    }

    @Test(
        "Numbers that are none are unknown users: above all the one that changes nothing",
        arguments: ["4294967295", "4294967296", "-1", "", "+1", "0x10", "1 ", String(repeating: "9", count: 400)])
    func nonsense(name: String) {
        #expect(throws: AccountError.unknownUser(name)) { _ = try Identity(userName: name, groupName: nil) }
        #expect(throws: AccountError.unknownGroup(name)) { _ = try Identity(userName: nil, groupName: name) }
    }
}
