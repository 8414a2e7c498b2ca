import MirrorModel
import MirrorPlan
import OVSDB
import Testing

@testable import OpenVSwitch

@Suite struct BaselineTests {
    @Test func `a baseline is read as it was written`() {
        #expect(Baseline("5,7") == Baseline(selected: 5, sent: 7))
        #expect(Baseline(selected: 5, sent: 7).text == "5,7")
    }

    @Test(arguments: ["", "5", "5,", "5,7,9", "-1,2", "a,b"])
    func `what somebody else wrote there is none`(text: String) { #expect(Baseline(text) == nil) }
}
