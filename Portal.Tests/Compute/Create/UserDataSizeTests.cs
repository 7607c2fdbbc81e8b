using Portal.Model.Compute;
using static Portal.Tests.Compute.UserDataForms;

namespace Portal.Tests.Compute;

/// <summary>How much user data there may be, packed and unpacked, and how much of it is looked through.</summary>
public sealed class UserDataSizeTests
{
    [Fact]
    public void The_size_is_that_of_what_is_sent()
    {
        Assert.Equal(9, UserData.Size("#!/bin/sh"));
        Assert.Equal(11, UserData.Size("\uFEFF#!/bin/sh\r\n\r\n"));
        var noise = new byte[UserData.MaxBytes - 100];
        new Random(1).NextBytes(noise);
        var packed = Packed(Script + "# " + Convert.ToHexString(noise[..(noise.Length / 2)]));
        Assert.Equal((packed.Length, true), (UserData.Size(UserData.OfFile(packed)), UserData.Check(UserData.OfFile(packed)).IsDone));
        var large = Packed(Script + "# " + Convert.ToHexString(noise) + Convert.ToHexString(noise.Reverse().ToArray()));
        Assert.Equal($"User data is {large.Length:N0} bytes; at most 16,384 are allowed.", UserData.Check(UserData.OfFile(large)).Reason);
    }

    [Fact]
    public void What_unpacks_to_more_than_anybody_writes_is_not_looked_at() =>
        Assert.Equal(
            "User data unpacks to more than 131,072 bytes.",
            UserData.Check(UserData.OfFile(Packed("#cloud-config\n" + new string('#', 10_000_000)))).Reason
        );

    [Fact]
    public void All_that_one_piece_holds_is_looked_at_only_so_often()
    {
        const string TooMuch = "User data holds more than Portal looks through, once all in it is unpacked.";
        var again =
            "#cloud-config-archive\n- &a |\n  #!/bin/sh\n  # "
            + new string('x', 50_000)
            + "\n"
            + string.Concat(Enumerable.Repeat("- *a\n", 1000));
        Assert.Equal(TooMuch, UserData.Check(UserData.OfFile(Packed(again))).Reason);
        var part =
            "--b\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n"
            + Base64(Packed(Script + new string('#', 100_000)));
        Assert.Equal(
            TooMuch,
            UserData
                .Check(
                    "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n"
                        + string.Concat(Enumerable.Repeat(part, 12))
                        + "--b--\n"
                )
                .Reason
        );
    }

    [Theory]
    [InlineData(1_500, true)]
    [InlineData(9_000, false)]
    public void Many_small_entries_are_looked_at_unless_beginning_with_each_would_be_the_work(int entries, bool isTaken) =>
        Assert.Equal(
            isTaken,
            UserData
                .Check(UserData.OfFile(Packed("#cloud-config-archive\n" + string.Concat(Enumerable.Repeat("- '#!/bin/sh'\n", entries)))))
                .IsDone
        );

    [Fact]
    public void What_can_hold_more_than_it_seems_is_never_plain()
    {
        Assert.All([Script, Config, "", null], text => Assert.True(UserData.IsPlain(text)));
        Assert.All(
            [
                UserData.OfFile(Packed(Script)),
                Base64(Config),
                "#cloud-config-archive\n- 'a: b'\n",
                Mime(("text/x-shellscript", "", Script)),
                "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n#cloud-config\n",
            ],
            text => Assert.False(UserData.IsPlain(text))
        );
    }
}
