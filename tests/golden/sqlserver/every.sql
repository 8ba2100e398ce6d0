SET NUMERIC_ROUNDABORT OFF;
SET ANSI_PADDING, ANSI_WARNINGS, CONCAT_NULL_YIELDS_NULL, ARITHABORT, QUOTED_IDENTIFIER, ANSI_NULLS ON;

CREATE TABLE [place] (
    [region] nvarchar(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [code] bigint NOT NULL,
    [alias] nvarchar(850) COLLATE Latin1_General_100_BIN2 NULL,
    [street] nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [number] bigint NOT NULL,
    [price] decimal(9,2) NULL,
    PRIMARY KEY ([region], [code]),
    UNIQUE ([street], [number])
);
CREATE UNIQUE INDEX [unique_1] ON [place] ([alias]) WHERE [alias] IS NOT NULL;
CREATE UNIQUE INDEX [unique_3] ON [place] ([price], [number]) WHERE [price] IS NOT NULL;

CREATE TABLE [a [very]] odd name] (
    [it's "]]" it] nvarchar(452) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [order] nvarchar(4000) COLLATE Latin1_General_100_BIN2 NULL,
    [text] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    [body] nvarchar(max) COLLATE Latin1_General_100_BIN2 NOT NULL,
    [mail] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    [token] uniqueidentifier NULL,
    [bytes] varbinary(max) NULL,
    [whole] bigint NULL,
    [real] float(53) NULL,
    [small] decimal(1,1) NULL,
    [large] decimal(38,10) NULL,
    [flag] bit NULL,
    [day] date NULL,
    [clock] time(6) NULL,
    [moment] datetime2(6) NOT NULL,
    [year] smallint NULL,
    [month] varchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    [span] varchar(64) COLLATE Latin1_General_100_BIN2 NULL,
    [thing] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    [list] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    [any] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL,
    [region] nvarchar(40) COLLATE Latin1_General_100_BIN2 NULL,
    [code] bigint NULL,
    [street] nvarchar(200) COLLATE Latin1_General_100_BIN2 NULL,
    [number] bigint NULL,
    PRIMARY KEY NONCLUSTERED ([it's "]]" it]),
    FOREIGN KEY ([region], [code]) REFERENCES [place] ([region], [code]),
    FOREIGN KEY ([street], [number]) REFERENCES [place] ([street], [number])
);
CREATE UNIQUE INDEX [unique_1] ON [a [very]] odd name] ([token]) WHERE [token] IS NOT NULL;
CREATE UNIQUE INDEX [unique_2] ON [a [very]] odd name] ([region], [day], [moment]) WHERE [region] IS NOT NULL AND [day] IS NOT NULL;
