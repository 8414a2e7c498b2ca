import Testing

@testable import OpenVSwitch

@Suite struct NamespaceMarkTests {
    @Test("A row is its namespace's; one without a mark process 1's; one of an earlier boot anybody's")
    func covers() {
        let home = NamespaceMark(identity: nil, boot: "b2")
        let pod = NamespaceMark(identity: 7, boot: "b2")
        let other = NamespaceMark(identity: 8, boot: "b2")
        #expect(home.text == nil)
        #expect(pod.text == "7@b2")
        for (mark, isHome, isPod, isOther) in [
            (nil, true, false, false), ("7@b2", false, true, false), ("8@b2", false, false, true),
            ("7@b1", true, true, true), ("", true, true, true), ("@", true, true, true),
        ] as [(String?, Bool, Bool, Bool)] {
            #expect(home.covers(mark) == isHome, "\(mark ?? "none")")
            #expect(pod.covers(mark) == isPod, "\(mark ?? "none")")
            #expect(other.covers(mark) == isOther, "\(mark ?? "none")")
        }
        // Where the boot can't be told, nothing is of an earlier one.
        #expect(!NamespaceMark(identity: nil, boot: "").covers("7@b1"))
    }
}
