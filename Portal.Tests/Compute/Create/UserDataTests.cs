using System.Text.RegularExpressions;
using Portal.Model.Compute;
using static Portal.Tests.Compute.UserDataForms;

namespace Portal.Tests.Compute;

/// <summary>
/// User data in the forms that cloud-init takes, and what it would not do anything with. Both lists are held against Debian's own
/// cloud-init.
/// </summary>
public sealed partial class UserDataTests
{
    private static readonly (string Text, string Types)[] Taken =
    [
        (Script, "text/x-shellscript"),
        ("#!/bin/sh\r\necho hi\r\n", "text/x-shellscript"),
        ("\uFEFF" + Script, "text/x-shellscript"),
        ("#!/bin/sh\ncat <<EOF\nMIME-Version: 1.0\nEOF\n", "text/x-shellscript"),
        (Config, "text/cloud-config"),
        ("\n\n" + Config, "text/cloud-config"),
        ("#cloud-config\n# a\ttab\na: 'b\tc' # and\tanother\n", "text/cloud-config"),
        ("#cloud-config\n{\"hostname\": \"web\"}", "text/cloud-config"),
        ("#cloud-config-jsonp\n[{\"op\": \"add\", \"path\": \"/hostname\", \"value\": \"web\"}]", "text/cloud-config-jsonp"),
        ("#include\nhttps://example.com/one\n# no more\n", "text/cloud-config"),
        ("#include-once https://example.com/one\nhttps://example.com/two", "text/cloud-config text/cloud-config"),
        ("#cloud-boothook\n#!/bin/sh\necho early\n", "text/cloud-boothook"),
        ("## template: jinja\n#cloud-config\nhostname: {{ v1.local_hostname }}\n", "text/jinja2"),
        ("## template: jinja\n#!/bin/sh\n{% raw %}echo {{ {% endraw %}\necho {{ v1.local_hostname }}\n", "text/jinja2"),
        (
            "#part-handler\ndef list_types():\n    return ['text/x-mine']\n\ndef handle_part(data, ctype, filename, payload):\n    pass\n",
            "text/part-handler"
        ),
        (
            "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    hostname: web\n- |\n  #!/bin/sh\n  echo hi\n- content: 'a: 1'\n",
            "text/cloud-config text/x-shellscript text/cloud-config"
        ),
        (Mime(("text/x-shellscript", "", Script), ("text/cloud-config", "", "hostname: web\n")), "text/x-shellscript text/cloud-config"),
        (
            Mime(("text/plain", "", Script), ("text/x-shellscript; charset=\"us-ascii\"", "", Config)),
            "text/x-shellscript text/cloud-config"
        ),
        (
            Mime(
                ("text/x-shellscript-per-boot", "base64", Base64(Script)),
                ("text/cloud-boothook", "quoted-printable", "#cloud-boothook\n#!/bin/sh\necho =C3=\n=BC\n")
            ),
            "text/x-shellscript-per-boot text/cloud-boothook"
        ),
        (Mime(("application/gzip", "base64", Base64(Packed(Config)))), "text/cloud-config"),
        (
            Mime(("text/x-include-url", "", "https://example.com/one\n"), ("text/cloud-config-archive", "", "- '#!/bin/sh'\n")),
            "text/cloud-config text/x-shellscript"
        ),
        (
            Mime(
                (
                    "multipart/mixed; boundary=inner",
                    "",
                    "--inner\nContent-Type: text/jinja2\n\n## template: jinja\n#!/bin/sh\n\n--inner--\n"
                )
            ),
            "text/jinja2"
        ),
        (
            Mime(
                (
                    "text/part-handler",
                    "",
                    "#part-handler\ndef list_types():\n    return ['text/x-mine']\n\ndef handle_part(data, ctype, filename, payload):\n    pass\n"
                ),
                ("text/x-mine", "", "anything")
            ),
            "text/part-handler text/x-mine"
        ),
        ("Content-Type: text/cloud-config\nMIME-Version: 1.0\n\nhostname: web\n", "text/cloud-config"),
        (UserData.OfFile(Packed(Script)), "text/x-shellscript"),
        (
            UserData.OfFile(Packed(Mime(("text/x-shellscript", "", Script), ("text/cloud-config", "", "hostname: web\n")))),
            "text/x-shellscript text/cloud-config"
        ),
        (Base64(Config), "text/cloud-config"),
    ];

    private static readonly (string Text, string Reason)[] Refused =
    [
        ("packages: [htop]", "User data must begin with “#!”"),
        ("\n" + Script, "User data has blanks before its “#!”, so that it cannot be run: line 2, column 1."),
        ("#cloud-config\na: 1\n\tb: 2\n", "User data holds a tab where cloud-init's YAML takes spaces only: line 3, column 1."),
        ("#cloud-config\nruncmd:\n\t- ls", "User data holds a tab where cloud-init's YAML takes spaces only: line 3, column 1."),
        ("#cloud-config\na:\t1\n", "User data holds a tab where cloud-init's YAML takes spaces only: line 2, column 3."),
        ("#cloud-config\nruncmd:\n  - echo: hi: there\n", "User data is not valid YAML: line 3, column 13."),
        ("#cloud-config\na: *nowhere\n", "User data refers to *nowhere, which is not defined before: line 2, column 4."),
        ("#cloud-config-jsonp\n[{\"op\": \"add\",}]", "User data is not valid JSON: line 2, column 15."),
        ("#include\n", "User data includes nothing"),
        ("#cloud-boothook\necho early\n", "User data must have a script that begins with “#!” after “#cloud-boothook”: line 2, column 1."),
        ("## template: jinja2\n#cloud-config\n", "User data must say “## template: jinja” in its first line, and nothing else there."),
        (
            "## template: jinja\n#cloud-boothook\n#!/bin/sh\n",
            "User data must go on with a script or a #cloud-config after “## template: jinja”: line 2."
        ),
        (
            "## template: jinja\n#cloud-config\na: 1\nhostname: {{ v1.local_hostname }\n",
            "User data opens “{{” and never closes it: line 4, column 11."
        ),
        ("## template: jinja\n#cloud-config\na: [\n", "User data is not valid YAML: line 3, column 5."),
        ("#cloud-config-archive\na: 1\n", "User data must be one YAML list"),
        (
            "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    a: 1\n    b: [\n- |\n  #!/bin/sh\n",
            "Entry 1 is not valid YAML: line 5, column 9."
        ),
        (
            "#cloud-config-archive\n- |\n  #!/bin/sh\n- type: text/x-shellscript\n  content: echo hi\n",
            "Entry 2 is a script that does not begin with “#!”: line 1 of its content."
        ),
        (
            "#cloud-config-archive\n- type: text/x-include-url\n  content: https://example.com/one\n",
            "Entry 1 is an include or an archive, which cloud-init leaves out within an archive: line 2, column 3."
        ),
        ("#cloud-config-archive\n- type: shell\n  content: '#!/bin/sh'\n", "Entry 1 is of the type shell, which cloud-init does not know"),
        (
            Mime(("text/x-shellscript", "", Script), ("text/cloud-config", "", "a: 1\n b: 2\n")),
            "Part 2 is not valid YAML: line 15, column 3."
        ),
        (Mime(("text/x-shellscript", "", "echo hi\n")), "Part 1 is a script that does not begin with “#!”: line 8."),
        (
            Mime(("text/x-shellscript", "", Script), ("text/x-python", "", "print(1)\n")),
            "Part 2 is of the type text/x-python, which cloud-init does not know: line 12."
        ),
        (Mime(("text/plain", "", "hello\n")), "Part 1 is plain text that begins with nothing that cloud-init knows: line 8."),
        (Mime(("text/cloud-config", "base64", Base64("a: [\n"))), "Part 1 is not valid YAML: line 1, column 5 of its decoded text."),
        (Mime(("application/gzip", "base64", Base64(Script))), "Part 1 says that it is packed by gzip, and is not."),
        (
            "Content-Type: multipart/mixed\nMIME-Version: 1.0\n\n--b\n\n#!/bin/sh\n--b--\n",
            "User data has a multipart header without a boundary, so that cloud-init skips it: line 1."
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n#!/bin/sh\n--b--\n",
            "User data looks like a MIME message without the line “MIME-Version: 1.0”"
        ),
        (UserData.OfFile(Packed("#cloud-config\na: [\n")), "User data is not valid YAML: line 2, column 5 of what is unpacked from it."),
        (UserData.OfFile(Packed("hello")), "User data must begin with"),
        (UserData.OfFile(Packed("\uFEFF" + Script)), "User data begins with a byte order mark of what is unpacked from it"),
        (UserData.OfFile(Packed(Packed(Script))), "User data is packed by gzip twice"),
    ];

    [Fact]
    [Trait("Needs", "engine")]
    public async Task What_is_taken_Debians_cloud_init_takes_for_the_same_and_what_is_refused_it_does_not_do()
    {
        Assert.All(Taken, form => Assert.Null(UserData.Check(form.Text).Reason));
        var seen = await DebianCloudInit.LookAsync([.. Taken.Select(form => Sent(form.Text)), .. Refused.Select(form => Sent(form.Text))]);
        Assert.All(
            Taken.Zip(seen),
            pair =>
                Assert.Equal(
                    (pair.First.Text, pair.First.Types, ""),
                    (pair.First.Text, string.Join(' ', pair.Second.Types), string.Join('\n', pair.Second.Warnings))
                )
        );
        Assert.All(
            Refused.Zip(seen.Skip(Taken.Length)),
            pair =>
                Assert.True(
                    pair.Second is { Warnings.Count: > 0 } or { Types.Count: 0 },
                    $"cloud-init takes {pair.First.Text} for {string.Join(' ', pair.Second.Types)}."
                )
        );

        // Where it tells a place, it is the same.
        var places = Refused
            .Zip(seen.Skip(Taken.Length))
            .Select(pair => (pair.First, Told: Place().Match(string.Join('\n', pair.Second.Warnings))))
            .Where(pair =>
                pair.Told.Success
                && pair.First.Reason.StartsWith("User data", StringComparison.Ordinal)
                && !pair.First.Reason.Contains(" of what is unpacked", StringComparison.Ordinal)
            )
            .ToList();
        Assert.True(places.Count >= 3);
        Assert.All(places, pair => Assert.Contains($"line {pair.Told.Groups["line"]}", pair.First.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_wrong_is_told_with_its_line_and_column() =>
        Assert.All(Refused, form => Assert.StartsWith(form.Reason, UserData.Check(form.Text).Reason, StringComparison.Ordinal));

    /// <summary>cloud-init takes half a message, too; nobody means one.</summary>
    [Fact]
    public void A_message_that_ends_too_soon_is_refused()
    {
        var whole = Mime(("text/x-shellscript", "", Script));
        Assert.StartsWith(
            "User data does not end with the line --==part==--: was it copied whole? Its last part begins in line 5.",
            UserData.Check(whole[..whole.LastIndexOf("--==part==--", StringComparison.Ordinal)]).Reason,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "User data begins like something packed by gzip, and cannot be unpacked",
            UserData.Check(Convert.ToBase64String([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])).Reason,
            StringComparison.Ordinal
        );
    }

    private static byte[] Sent(string text) => UserData.Sent(UserData.Kept(text)!);

    [GeneratedRegex(@"at line (?<line>\d+) column (?<column>\d+)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Place();
}
