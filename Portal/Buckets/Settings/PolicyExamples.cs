namespace Portal.Buckets;

/// <summary>Policies to begin with.</summary>
public static class PolicyExamples
{
    public static IReadOnlyList<(string Name, string Text)> Of(string bucket) =>
        [
            (
                "One folder is public",
                $$"""
                {
                  "Version": "2012-10-17",
                  "Statement": [
                    {
                      "Sid": "PublicFolder",
                      "Effect": "Allow",
                      "Principal": "*",
                      "Action": "s3:GetObject",
                      "Resource": "arn:aws:s3:::{{bucket}}/public/*"
                    }
                  ]
                }
                """
            ),
            (
                "Only from some addresses",
                $$"""
                {
                  "Version": "2012-10-17",
                  "Statement": [
                    {
                      "Sid": "FromTheOffice",
                      "Effect": "Allow",
                      "Principal": "*",
                      "Action": "s3:GetObject",
                      "Resource": "arn:aws:s3:::{{bucket}}/*",
                      "Condition": { "IpAddress": { "aws:SourceIp": ["203.0.113.0/24"] } }
                    }
                  ]
                }
                """
            ),
            (
                "Nobody deletes in one folder",
                $$"""
                {
                  "Version": "2012-10-17",
                  "Statement": [
                    {
                      "Sid": "KeepTheArchive",
                      "Effect": "Deny",
                      "Principal": "*",
                      "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
                      "Resource": "arn:aws:s3:::{{bucket}}/archive/*"
                    }
                  ]
                }
                """
            ),
        ];
}
